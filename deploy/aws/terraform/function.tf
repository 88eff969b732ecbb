# The workspace. SQLite and file locks are for one machine: one execution at a time mounts it, and nothing else does.
resource "aws_efs_file_system" "home" {
  encrypted = true
}

resource "aws_efs_mount_target" "home" {
  for_each        = toset(var.subnets)
  file_system_id  = aws_efs_file_system.home.id
  subnet_id       = each.key
  security_groups = [aws_security_group.function.id]
}

resource "aws_efs_access_point" "home" {
  file_system_id = aws_efs_file_system.home.id
  posix_user {
    uid = 10001
    gid = 10001
  }
  root_directory {
    path = "/trustdesk"
    creation_info {
      owner_uid   = 10001
      owner_gid   = 10001
      permissions = "0750"
    }
  }
}

resource "aws_security_group" "function" {
  name_prefix = "${var.name}-"
  vpc_id      = var.vpc
  ingress {
    from_port = 2049
    to_port   = 2049
    protocol  = "tcp"
    self      = true
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_lambda_function" "decide" {
  function_name                  = "${var.name}-decide"
  package_type                   = "Image"
  image_uri                      = "${aws_ecr_repository.image.repository_url}:${var.image_tag}"
  role                           = aws_iam_role.function.arn
  memory_size                    = 3008
  timeout                        = 120
  reserved_concurrent_executions = 1

  environment {
    variables = {
      TRUSTDESK_HOME        = "/mnt/trustdesk"
      TRUSTDESK_STREAM_SINK = "kinesis://${aws_kinesis_stream.stream["decisions"].name}?region=${var.region}"
    }
  }

  file_system_config {
    arn              = aws_efs_access_point.home.arn
    local_mount_path = "/mnt/trustdesk"
  }

  vpc_config {
    subnet_ids         = var.subnets
    security_group_ids = [aws_security_group.function.id]
  }

  depends_on = [aws_efs_mount_target.home]
}

resource "aws_sqs_queue" "given_up" {
  name                      = "${var.name}-given-up"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_lambda_event_source_mapping" "events" {
  event_source_arn                   = aws_kinesis_stream.stream["events"].arn
  function_name                      = aws_lambda_function.decide.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 500
  maximum_batching_window_in_seconds = 1
  parallelization_factor             = 1
  function_response_types            = ["ReportBatchItemFailures"]
  maximum_retry_attempts             = -1
  maximum_record_age_in_seconds      = 86400

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.given_up.arn
    }
  }
}

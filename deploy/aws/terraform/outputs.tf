output "bucket" {
  value = aws_s3_bucket.kept.bucket
}

output "events" {
  value = aws_kinesis_stream.stream["events"].name
}

output "registry" {
  value = aws_ecr_repository.image.repository_url
}

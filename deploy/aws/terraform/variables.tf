variable "region" {
  type        = string
  description = "The region of everything."
}

variable "name" {
  type        = string
  default     = "trustdesk"
  description = "What the names of everything begin with."
}

variable "vpc" {
  type        = string
  description = "The VPC of the function and of its workspace."
}

variable "subnets" {
  type        = list(string)
  description = "Its subnets, from which Kinesis is reached by a NAT gateway or an endpoint."
}

variable "shards" {
  type        = number
  default     = 1
  description = "Shards of each stream; one execution at a time reads them all."
}

variable "image_tag" {
  type        = string
  description = "The tag of the image in the registry."
}

module github.com/aws/aws-msk-iam-sasl-signer-go

go 1.26.0

module example.org/userstream

go 1.21

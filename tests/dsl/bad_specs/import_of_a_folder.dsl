import "imports"

import "import_of_itself.dsl"

import "imports/bytes.dsl"

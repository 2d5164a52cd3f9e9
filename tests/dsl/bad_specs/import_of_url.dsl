import "https://example.org/common.dsl"

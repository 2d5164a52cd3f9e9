import "folder\common.dsl"

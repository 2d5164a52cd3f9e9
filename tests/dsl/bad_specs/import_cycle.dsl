import "imports/cycle.dsl"

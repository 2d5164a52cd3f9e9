import "common.dsl
class coin

import "imports/common.dsl"
unary jumping
spec a: exists m: mugen { flying(m) }

import "imports/broken.dsl"
spec a: exists m: mugen { jumping(m) and joy(m) }

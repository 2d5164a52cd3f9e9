import "nowhere.dsl"
spec a: exists m: mugen { jumping(m) }

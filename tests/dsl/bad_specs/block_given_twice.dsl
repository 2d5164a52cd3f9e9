data "platformer" { clips: 6 }
data "mugen" { }

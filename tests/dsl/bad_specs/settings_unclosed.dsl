data "platformer" { clips: 600
train { epochs: 3 }

data "platformer" { clips: 600 frames: 24 }

data "platformer" { clips = 600 }

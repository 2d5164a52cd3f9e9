class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { eventually[30, 40] jumping(m) }
data "platformer" { clips: 6, frames: 24 }

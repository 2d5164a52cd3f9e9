class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { eventually[4s, 5s] jumping(m) }
data "platformer" { frames: 24, fps: 8 }

class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { always[0%, 1%] jumping(m) }
data "platformer" { frames: 24 }

class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { jumping(m) then[0, 0] dead(m) }
data "platformer" { frames: 24 }

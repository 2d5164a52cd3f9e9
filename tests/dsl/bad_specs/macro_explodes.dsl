class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

define d0(a) = walking(a)
define d1(a) = d0(a) and next d0(a)
define d2(a) = d1(a) and next d1(a)
define d3(a) = d2(a) and next d2(a)
define d4(a) = d3(a) and next d3(a)
define d5(a) = d4(a) and next d4(a)
define d6(a) = d5(a) and next d5(a)
define d7(a) = d6(a) and next d6(a)
define d8(a) = d7(a) and next d7(a)
define d9(a) = d8(a) and next d8(a)
define d10(a) = d9(a) and next d9(a)
define d11(a) = d10(a) and next d10(a)
define d12(a) = d11(a) and next d11(a)
define d13(a) = d12(a) and next d12(a)
define d14(a) = d13(a) and next d13(a)
define d15(a) = d14(a) and next d14(a)
define d16(a) = d15(a) and next d15(a)
define d17(a) = d16(a) and next d16(a)
define d18(a) = d17(a) and next d17(a)
define d19(a) = d18(a) and next d18(a)
define d20(a) = d19(a) and next d19(a)
spec a: exists m: mugen { d20(m) }

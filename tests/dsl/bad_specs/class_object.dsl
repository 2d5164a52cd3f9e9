class object, coin
unary walking

spec s: exists x: object { walking(x) }

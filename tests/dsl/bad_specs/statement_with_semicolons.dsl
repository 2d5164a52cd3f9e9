class mugen, coin;
unary walking;

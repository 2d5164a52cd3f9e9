class until, coin

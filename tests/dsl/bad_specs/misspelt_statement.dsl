clas mugen, coin

objects mugen, coin

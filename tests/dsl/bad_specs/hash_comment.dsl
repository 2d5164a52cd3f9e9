# the vocabulary
class coin

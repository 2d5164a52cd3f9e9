/* the vocabulary */
class coin

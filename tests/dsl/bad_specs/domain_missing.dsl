domain
class coin

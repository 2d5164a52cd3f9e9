train { schedule: null }

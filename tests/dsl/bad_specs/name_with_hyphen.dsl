class traffic-light

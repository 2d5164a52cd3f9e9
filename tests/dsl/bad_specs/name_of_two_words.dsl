class traffic light

// The names of the general part of the gold set: people, animals and things, as in annotated home and street videos.
domain general

class     person, child, baby, dog, cat, bird, horse, ball, cup, bottle, box, bag, book, table, chair, sofa, door, car
class     bicycle, toy, plate, knife, apple, phone, bench, blanket, ladder, stick
unary     walking, running, standing, sitting, lying, jumping, sleeping, crying, laughing, dancing, barking, singing
unary     falling, crawling, rolling, spinning, waving, clapping, swimming, flying, open, broken, empty, wet
binary    holding, carrying, throwing, catching, kicking, pushing, pulling, lifting, dropping, opening, closing
binary    picking_up, putting_down, touching, hitting, chasing, following, feeding, hugging, kissing, riding, biting
binary    eating, drinking_from, cutting, reading, looking_at, talking_to, playing_with, pointing_at, washing, covering
binary    on, in, next_to, in_front_of, behind, under, above, near, sitting_on, standing_on, lying_on, jumping_over

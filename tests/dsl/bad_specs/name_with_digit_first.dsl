class 3d_box

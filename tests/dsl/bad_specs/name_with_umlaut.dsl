class tür

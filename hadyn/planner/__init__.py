"""How to get from what HAProxy says to what is wanted: values in, values out."""

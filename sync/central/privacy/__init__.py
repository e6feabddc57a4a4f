"""Privacy: what is kept of people goes, by its time or by its guest's word, wherever it lies."""

"""Reading products and sellers from a shop, a page or a file, for a person to look at and confirm."""

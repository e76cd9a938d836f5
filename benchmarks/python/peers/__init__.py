"""What tamis is measured against: one function for each library, from one Hugging Face folder."""

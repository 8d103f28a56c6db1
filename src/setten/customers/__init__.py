"""Who they are: what we take in of people, who is whom, and what each has done."""

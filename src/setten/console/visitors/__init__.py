"""Pages for customers: nobody signs in, what one may do is in the link."""

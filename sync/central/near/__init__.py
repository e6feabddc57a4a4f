"""Near: times that can be booked, stock, orders and feedback of a site, as central keeps and tells them."""

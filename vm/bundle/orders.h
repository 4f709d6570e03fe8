/* Signals that a session or a system sends to all of its processes when it ends. */
void ignore_orders(void);

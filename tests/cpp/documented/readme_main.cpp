// Runs the block of README.md. It has no prelude: it must be complete, includes and all.
void block_1();

int main() { block_1(); }

// Results of a program: what it prints on stdout.
#pragma once

namespace hens {

// Writes out what is still held back of stdout. Throws Error{io} where that or an earlier write failed: results that
// nobody can read must not end in success.
void flush_results();

}  // namespace hens

// Many model packages in one line of a spec, as a shell writes them: sfno_*_seed{12,16}, synth:mini?seed={102..130}.
#pragma once

#include <string>
#include <vector>

namespace hens {

// Every combination of the alternatives in braces, in the order in which they stand; {102..130} counts, with the zeros
// in front of the first number; then, of a local path with `*`, the folders that it matches, by name. Anything else
// comes back as it is, and so does a local path that exists under the name as written. Throws Error{bad_spec} with what
// is wrong and what was expected, without the key: a brace that does not close or has nothing in it, more than 10,000
// packages, a `*` that matches no folder, or one in an address, whose server cannot be asked what it has.
std::vector<std::string> expand_model_pattern(const std::string& pattern);

}  // namespace hens

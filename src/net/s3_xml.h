// The little of XML that S3 and STS answer with: elements by name, text in them. Pure functions on bounded texts; what
// is not there, or not closed, is not found.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hens {

// What stands between <name> and </name>, of each such element, in order; none lies within another of the same name.
// `name` is one of the few that S3 uses, whose elements have no attributes but the outermost's xmlns.
std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view name);

// The text of the first such element, its entities resolved; "" where there is none.
std::string xml_text(std::string_view xml, std::string_view name);

}  // namespace hens

// A page of HTML that is one file and needs no other: the frame that all pages of hens have. Pure.
#pragma once

#include <string>
#include <vector>

namespace hens {

struct PageSection {
  std::string id, title;  // of letters and digits; a text
  std::string html;       // empty: the section is left out
};

// The whole file. `title` is the browser's, `heading` and `subtitle` stand on top, links to the sections below. Its
// Content-Security-Policy lets no script run but the page's own, and nothing be fetched.
std::string html_page(const std::string& title, const std::string& heading, const std::string& subtitle,
                      const std::vector<PageSection>& sections);

}  // namespace hens

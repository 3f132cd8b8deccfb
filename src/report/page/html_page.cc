#include "report/page/html_page.h"

#include <fmt/format.h>

#include "base/version.h"
#include "report/page/html.h"
#include "report/page/page_style.h"

namespace hens {
namespace {

std::string head(const std::string& title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'; script-src {}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"generator\" content=\"hens {}\">\n<title>{}</title>\n<style>{}</style>\n</head>\n",
      script_hash(page_script), version, escaped(title), page_style);
}

}  // namespace

std::string html_page(const std::string& title, const std::string& heading, const std::string& subtitle,
                      const std::vector<PageSection>& sections) {
  std::string links, bodies;
  for (const PageSection& section : sections) {
    if (section.html.empty()) continue;
    links += fmt::format("<a href=\"#{}\">{}</a>\n", section.id, section.title);
    bodies += fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}</section>\n", section.id, section.title, section.html);
  }
  return head(title) + "<body>\n<header><h1>" + escaped(heading) + "</h1>\n<p class=\"soft\">" + escaped(subtitle) +
         "</p>\n<nav aria-label=\"Sections\">\n" + links + "</nav></header>\n<main>\n" + bodies +
         "</main>\n<footer>Written by hens " + version +
         ". This page is one file and fetches nothing.</footer>\n<script>" + page_script +
         "</script>\n</body>\n</html>\n";
}

}  // namespace hens

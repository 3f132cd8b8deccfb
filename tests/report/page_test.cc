// report.html and what it is made of.
#include "report/page/page.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "report/page/chart.h"
#include "report/page/html.h"
#include "report/page/plumes.h"
#include "report/page/score_charts.h"
#include "report/page/statistics_maps.h"
#include "support/example_manifest.h"
#include "support/test_data.h"

namespace hens {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Html, LetsNoTextEndAnElementOrAnAttribute) {
  EXPECT_EQ(escaped("<script>\"a\" & 'b'</script>"), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
  EXPECT_EQ(escaped(std::string("a\0b\x1b[0m\n", 8)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD[0m\n");
  EXPECT_EQ(escaped("\xff"), "\\xff") << "no UTF-8";
  EXPECT_EQ(escaped("Zürich 60°N"), "Zürich 60°N");
}

// RFC 4648, section 10.
TEST(Html, Base64IsThatOfTheRfc) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(base64(bytes), text);
  EXPECT_EQ(base64(std::string("\xff\xfe\x00", 3)), "//4A");
}

// The example of the W3C's Content Security Policy Level 3: sha256 of alert('Hello, world.');
TEST(Html, ScriptHashIsThatOfBrowsers) {
  EXPECT_EQ(script_hash("alert('Hello, world.');"), "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
}

TEST(Html, TablesSayTheScopeOfTheirHeaders) {
  const std::string html = html_table({"A <table>", {{"x"}, {"y", Align::right}}, {{"1", "<2>"}, {"3"}}});
  EXPECT_THAT(html, HasSubstr("<caption>A &lt;table&gt;</caption>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\">x</th><th scope=\"col\" class=\"r\">y</th>"));
  EXPECT_THAT(html, HasSubstr("<tr><th scope=\"row\">1</th><td class=\"r\">&lt;2&gt;</td></tr>"));
  EXPECT_THAT(html, HasSubstr("<tr><th scope=\"row\">3</th><td class=\"r\"></td></tr>"));
}

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> texts;
  for (const auto& [value, text] : axis.ticks) texts.push_back(text);
  return texts;
}

TEST(Axes, HaveRoundTicksThatHoldTheRange) {
  EXPECT_THAT(labels(round_axis("K", 271.2, 279.9, 5)), ElementsAre("270", "272", "274", "276", "278", "280"));
  EXPECT_THAT(labels(round_axis("1", -0.1, 0.1, 4)), ElementsAre("-0.1", "-0.05", "0", "0.05", "0.1"));
  EXPECT_THAT(labels(lead_axis(0, 24)), ElementsAre("0 h", "6 h", "12 h", "18 h", "24 h"));
  EXPECT_THAT(labels(lead_axis(24, 72, parse_time("2024-01-01"))).front(), HasSubstr("\n02 Jan"));
  for (double low = -1e6; low < 1e6; low += 7.3e4) {
    for (double range = 1e-7; range < 1e8; range *= 3.3) {
      const Axis axis = round_axis("", low, low + range);
      // The axis counts a tick that is nearer than a thousand-millionth of a step as reached; its value is rounded.
      const double slack = 1e-8 * (axis.high - axis.low) + 1e-15 * std::abs(low);
      ASSERT_LE(axis.low, low + slack);
      ASSERT_GE(axis.high, low + range - slack);
      ASSERT_GE(axis.ticks.size(), 2U);
      ASSERT_LE(axis.ticks.size(), 9U) << low << " " << range;
    }
  }
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const auto& [low, high] : {std::pair(nan, nan), {inf, -inf}, {3.0, 3.0}, {0.0, inf}, {1e300, 1e300}}) {
    const Axis axis = round_axis("", low, high);
    EXPECT_LT(axis.low, axis.high);
    EXPECT_LE(axis.ticks.size(), 9U);
  }
}

TEST(Chart, LeavesOutWhatIsNoNumberAndBreaksTheLine) {
  Chart chart("a <chart>", round_axis("x", 0, 3, 3), round_axis("y", 0, 3, 3));
  const std::vector<double> x{0, 1, 2, 3}, y{1, NAN, 2, 3};
  chart.line(x, y, "a");
  chart.dot(1, NAN, 3, "a");
  const std::string svg = chart.svg();
  EXPECT_THAT(svg, HasSubstr("aria-label=\"a &lt;chart&gt;\""));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("<circle")));
  const std::string line = svg.substr(svg.find("class=\"line a\""));
  EXPECT_EQ(std::ranges::count(line.substr(0, line.find("/>")), 'M'), 2);
}

TEST(SpreadLeads, AreEvenWithFirstAndLast) {
  EXPECT_THAT(spread_leads(3, 12), ElementsAre(0U, 1U, 2U));
  EXPECT_THAT(spread_leads(61, 4), ElementsAre(0U, 20U, 40U, 60U));
  EXPECT_THAT(spread_leads(1, 4), ElementsAre(0U));
  EXPECT_THAT(spread_leads(0, 4), ElementsAre());
  for (size_t count = 2; count < 200; ++count) {
    for (size_t most = 2; most < 14; ++most) {
      const std::vector<size_t> leads = spread_leads(count, most);
      EXPECT_EQ(leads.size(), std::min(count, most));
      EXPECT_EQ(leads.front(), 0U);
      EXPECT_EQ(leads.back(), count - 1);
      EXPECT_EQ(std::ranges::adjacent_find(leads, std::greater_equal<>()), leads.end());
    }
  }
}

TEST(NearestPosition, WrapsAroundTheGlobeAndKnowsWhatIsOutside) {
  const LatLonGrid globe = equiangular_grid(19, 36);
  EXPECT_EQ(nearest_position(globe, 90, 0), 0U);
  EXPECT_EQ(nearest_position(globe, 89, -1), 0U) << "359 E is nearest to 0 E";
  EXPECT_EQ(nearest_position(globe, -90, 350), 18U * 36U + 35U);
  const LatLonGrid box{{60, 50, 40}, {-10, 0, 10}};
  EXPECT_EQ(nearest_position(box, 52, 358), 1U * 3U + 1U);
  EXPECT_EQ(nearest_position(box, 20, 0), std::nullopt);
  EXPECT_EQ(nearest_position(box, 50, 180), std::nullopt);
}

TEST(PlumeChart, DrawsTheFanFromOutsideInAndTheMeanOnTop) {
  const Plume plume{"paris",
                    "48.85°N 2.35°E",
                    "air temperature at 2 m",
                    "K",
                    "2 members.",
                    parse_time("2024-01-01"),
                    {6, 12, 18},
                    {0.1, 0.25, 0.5, 0.75, 0.9},
                    {{270, 271, 272}, {272, 273, 274}, {274, 275, 276}, {276, 277, 278}, {278, 279, 280}},
                    {274, 275, 276}};
  const PageChart chart = plume_chart(plume);
  EXPECT_EQ(chart.title, "paris: air temperature at 2 m");
  const size_t outer = chart.svg.find("fan0"), inner = chart.svg.find("fan1"), mean = chart.svg.find("line mean");
  EXPECT_TRUE(outer < inner && inner < mean && mean != std::string::npos);
  for (const char* words : {"10 to 90 %", "25 to 75 %", "median", "values from 270 to 280 K", ">K<"}) {
    EXPECT_THAT(chart.svg, HasSubstr(words));
  }
  EXPECT_TRUE(Plume{}.empty());
}

Manifest hostile_manifest() {
  Manifest manifest = test::example_manifest();
  const std::string evil = "\"'><script>alert(1)</script><img src=https://example.org/x onerror=alert(1)>";
  manifest.spec.name = manifest.spec.models[0] = manifest.model_names[0] = evil;
  manifest.model_digests = {evil, evil};
  manifest.forecast_hash = evil;
  for (Attempt& attempt : manifest.attempts) {
    attempt.engine = attempt.hardware.host_cpu = attempt.selection = evil;
    attempt.stages.seconds[evil] = 3.0;
    attempt.sources = {{evil, 1, evil, {evil}}};
  }
  return manifest;
}

size_t count_of(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

TEST(ReportPage, MakesHostileTextsHarmless) {
  PagePictures pictures;
  pictures.maps.push_back({"<script>", "<script>", 2, 2, {{"<script>", "\"><script>", "jpeg"}}});
  pictures.plumes.push_back({"<script>", "<script>", "<svg></svg>"});
  const std::string page = report_page(hostile_manifest(), pictures);
  EXPECT_EQ(count_of(page, "<script"), 1U) << "the page's own";
  EXPECT_EQ(count_of(page, "<img"), 1U) << "the map";
  EXPECT_EQ(page, report_page(hostile_manifest(), pictures));
}

TEST(ReportPage, HasARunsFactsAndLeavesEmptySectionsOut) {
  const std::string page = report_page(test::example_manifest(), {});
  for (const char* words : {"<html lang=\"en\">", "<h1>example</h1>", "NVIDIA L40S", "8 of 8 complete", "Time by stage",
                            "hens run job.yaml --members 1", "Inference by NSTEPS", "default-src 'none'"}) {
    EXPECT_THAT(page, HasSubstr(words));
  }
  for (const char* id : {"maps", "places", "scores"})
    EXPECT_EQ(page.find(fmt::format("id=\"{}\"", id)), std::string::npos);
}

TEST(ScoreCharts, RefuseScoresOfAnotherRunAndWhatIsNone) {
  const test::TemporaryFolder folder;
  Manifest manifest = test::example_manifest();
  manifest.forecast_hash = "aa";
  EXPECT_TRUE(score_charts(folder.path(), manifest).empty());
  for (const char* text : {"{\"run\": {\"forecast_hash\": \"bb\"}, \"entries\": []}", "[]", "{}",
                           "{\"run\": {\"forecast_hash\": \"aa\"}, \"entries\": [{\"model\": 0}]}"}) {
    publish_file(folder / "scores.json", text);
    EXPECT_THROW(score_charts(folder.path(), manifest), Error) << text;
  }
  publish_file(folder / "scores.json", R"({"run": {"forecast_hash": "aa"}, "entries": [{"model": 0, "variable": "t2m",
    "region": "globe", "units": "K", "lead_hours": 24, "members": [4, 4], "scores": {"rmse": 2.0, "spread": 1.0},
    "rank_histogram": {"members": 4, "points": 10, "shares": [0.1, 0.2, 0.4, 0.2, 0.1]},
    "events": [{"threshold": 290, "comparison": ">=", "reliability_curve":
      [{"probability": 0.0, "frequency": 0.1, "share": 0.5}, {"probability": 1.0, "frequency": 0.8, "share": 0.5}]}]}]})");
  const std::vector<PageChart> charts = score_charts(folder.path(), manifest);
  ASSERT_EQ(charts.size(), 3U);
  EXPECT_EQ(charts[0].title, "t2m, globe: spread and skill");
  EXPECT_EQ(charts[2].title, "t2m, globe: reliability of >= 290 K");
  EXPECT_THAT(charts[1].svg, HasSubstr("the fullest has 2 times"));
}

}  // namespace
}  // namespace hens

"""report.html: one file that needs no other, whole, harmless, the same again; and looked at by a browser where there is one."""
import html.parser
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

from harness import assert_as_the_schemas_say, hens, sha256, write_job

EVIL = "<script>alert(1)<script>"
JOB = """
name: paged
initial_conditions: {{source: analytic, times: [2024-01-01T00:00:00Z]}}
models: ["synth:mini?seed=102", "{model}"]
ensemble: {{members: 2, seed: 7}}
perturbation: {{method: correlated_spherical_gaussian, noise: {{amplitude: {{t2m: 0.4 std, u10m: 0.4 std}}}}}}
forecast: {{steps: [2]}}
regions:
  pacific: {{lat_min: -20, lat_max: 25, lon_min: 160, lon_max: 200}}
  towns: {{points: {{oslo: {{lat: 59.9, lon: 10.8}}, quito: {{lat: -0.2, lon: -78.5}}}}}}
output: [{{variables: [u10m, v10m]}}, {{variables: [d2m], region: towns}}]
statistics:
  - {{variables: [t2m, u10m], thresholds: [285, 3.5], quantiles: [0.1, 0.5, 0.9]}}
  - {{variables: [t2m], region: pacific}}
  - {{variables: [msl], region: towns}}
report: {{places: {{paris: {{lat: 48.85, lon: 2.35}}}}}}
runtime: {{device: cpu, threads: 1}}
"""
VOID = {"meta", "img", "br", "hr", "input", "link", "path", "rect", "circle"}


class Page(html.parser.HTMLParser):
    """Refuses elements that are not closed in order; keeps what the tests ask about."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        assert len({name for name, _ in attributes}) == len(attributes), (tag, attributes)
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag in VOID:  # browsers write SVG's empty elements with an end
            return
        assert self.open and self.open[-1] == tag, f"</{tag}> ends {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def browser():
    return next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="hens_page_"))
        hens("synth", cls.root / EVIL, "--size", "mini", "--seed", "103")
        cls.run_folder = cls.root / "run"
        hens("run", write_job(cls.root, JOB.format(model=cls.root / EVIL)), "--output", cls.run_folder, timeout=500)
        cls.file = cls.run_folder / "report.html"
        cls.text = cls.file.read_text(encoding="utf-8")
        cls.page = Page(cls.text)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    def test_needs_nothing_from_outside(self):
        for tag, attributes in self.page.elements:
            for name in ("src", "href", "data", "action", "srcset", "poster", "xlink:href"):
                value = attributes.get(name, "")
                self.assertTrue(value == "" or value.startswith("data:image/jpeg;base64,") or value.startswith("#"), (tag, value[:80]))
            self.assertFalse([name for name in attributes if name.startswith("on")], (tag, attributes))
        self.assertNotIn("url(", re.search(r"<style>(.*?)</style>", self.text, re.S)[1])
        self.assertNotRegex(self.text, r"@import|fetch\(|XMLHttpRequest")

    def test_texts_of_the_spec_are_texts(self):
        self.assertIn(EVIL, self.page.text)
        self.assertEqual(len(self.page.of("script")), 1)

    def test_is_for_everybody(self):
        self.assertEqual(self.page.of("html"), [{"lang": "en"}])
        self.assertIn("viewport", [meta.get("name") for meta in self.page.of("meta")])
        levels = [int(tag[1]) for tag, _ in self.page.elements if re.fullmatch(r"h[1-6]", tag)]
        self.assertEqual(levels[0], 1)
        self.assertEqual(levels.count(1), 1)
        self.assertTrue(all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels)
        for image in self.page.of("img"):
            self.assertGreater(len(image["alt"]), 20, image["alt"])
        for chart in self.page.of("svg"):
            self.assertEqual(chart["role"], "img")
            self.assertGreater(len(chart["aria-label"]), 20)
        for header in self.page.of("th"):
            self.assertIn(header["scope"], ("row", "col"))
        identifiers = [a["id"] for _, a in self.page.elements if "id" in a]
        self.assertEqual(len(identifiers), len(set(identifiers)))

    def test_shows_maps_plumes_and_provenance(self):
        text = self.page.text
        for title in ("10 m wind speed: ensemble mean and spread", "Air temperature at 2 m: ensemble mean",
                      "Air temperature at 2 m: ensemble spread, pacific", "Eastward wind at 10 m: probability of at least 3.5 m s-1",
                      "paris: air temperature at 2 m", "oslo: mean sea level pressure", "quito: dew point temperature at 2 m"):
            self.assertIn(title, text)
        record = json.loads((self.run_folder / "run.json").read_text())
        for word in (record["forecast_hash"], *(model["digest"] for model in record["models"]), "hens verify", "--members", "4 of 4 complete"):
            self.assertIn(word, text)
        self.assertLess(len(self.text), 17 << 20)

    def test_belongs_to_the_run_and_is_the_same_again(self):
        record = assert_as_the_schemas_say(self.run_folder)
        listed = {report["path"]: report["sha256"] for report in record["reports"]}
        self.assertEqual(listed["report.html"], sha256(self.file))
        hens("report", self.run_folder)
        self.assertEqual(sha256(self.file), listed["report.html"])
        hens("verify", self.run_folder)
        self.file.write_text(self.text + "<!-- -->")
        self.assertIn("report.html", hens("verify", self.run_folder, check=65).stdout)
        hens("report", self.run_folder)
        self.assertEqual(sha256(self.file), listed["report.html"])

    def test_the_spec_that_its_commands_take_is_that_of_the_run(self):
        record = json.loads((self.run_folder / "run.json").read_text())
        job = self.root / "again.yaml"
        job.write_text(json.dumps(record["spec"]))
        hens("run", job, "--members", "1", "--output", self.root / "again", timeout=300)
        again = json.loads((self.root / "again/run.json").read_text())
        self.assertEqual(again["forecast_hash"], record["forecast_hash"])

    def test_shows_scores_after_they_were_made(self):
        out = self.root / "scored"
        shutil.copytree(self.run_folder, out)
        truth = self.root / "truth"
        hens("run", self.root / "job.yaml", "models=['synth:mini?seed=102']", "ensemble.members=1", "perturbation={method: none}",
             "output=[{variables: [t2m, u10m, v10m]}]", "statistics=[]", "report={maps: false}", "--output", truth)
        hens("score", out, "--truth", f"zarr:{truth / 'hens_0.zarr'}")
        hens("report", out)
        text = Page((out / "report.html").read_text()).text
        for title in ("t2m, globe: spread and skill", "t2m, globe: reliability of >= 285 K"):
            self.assertIn(title, text)

    def screenshot(self, name, *arguments):
        picture = self.root / f"{name}.png"
        done = subprocess.run([browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
                               "--virtual-time-budget=3000", f"--user-data-dir={self.root / 'profile'}", f"--screenshot={picture}",
                               *arguments, "file://" + urllib.parse.quote(str(self.file))],
                              capture_output=True, text=True, timeout=180)
        self.assertTrue(picture.exists(), done.stderr[-2000:])
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        self.assertEqual(console, [])
        return picture

    @unittest.skipUnless(browser(), "SKIPPED: no chromium (Debian: apt-get install chromium)")
    def test_opens_in_a_browser_without_a_word_on_the_console(self):
        light = self.screenshot("light", "--window-size=1200,2000")
        phone = self.screenshot("phone", "--window-size=400,2000")
        self.assertNotEqual(sha256(light), sha256(phone))

    @unittest.skipUnless(browser(), "SKIPPED: no chromium (Debian: apt-get install chromium)")
    def test_the_slider_shows_one_map_of_each_sequence(self):
        done = subprocess.run([browser(), "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000",
                               f"--user-data-dir={self.root / 'profile'}", "--dump-dom", "file://" + urllib.parse.quote(str(self.file))],
                              capture_output=True, text=True, timeout=180)
        page = Page(done.stdout)
        sliders = [a for a in page.of("input") if a.get("type") == "range"]
        self.assertGreater(len(sliders), 3)
        for slider in sliders:
            self.assertTrue(slider["aria-label"].startswith("Lead time: ") and slider["aria-valuetext"], slider)
        frames = [a for a in page.of("figure") if "data-lead" in a]
        self.assertEqual(len([a for a in frames if "hidden" not in a]), len([a for a in page.of("div") if a.get("class") == "frames"]))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])

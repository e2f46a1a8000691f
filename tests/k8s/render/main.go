// render - renders a Helm chart's templates with the parts of Helm that this
// project's chart uses, so that the chart can be checked where there is no Helm.
//
// usage: render CHART RELEASE [VALUES]      VALUES: a file that wins over values.yaml
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type files struct{ chart string }

// Get is what .Files.Get does: a file of the chart, or nothing.
func (f files) Get(name string) string {
	text, err := os.ReadFile(filepath.Join(f.chart, name))
	if err != nil {
		return ""
	}
	return string(text)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func read(path string) map[string]interface{} {
	values := map[string]interface{}{}
	text, err := os.ReadFile(path)
	fail(err)
	fail(yaml.Unmarshal(text, &values))
	return values
}

// merge lets over win over base, object by object.
func merge(base, over map[string]interface{}) map[string]interface{} {
	for key, value := range over {
		inner, isObject := value.(map[string]interface{})
		old, wasObject := base[key].(map[string]interface{})
		if isObject && wasObject {
			base[key] = merge(old, inner)
		} else {
			base[key] = value
		}
	}
	return base
}

func functions(root *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	all["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := root.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all["toYaml"] = func(value interface{}) (string, error) {
		var out bytes.Buffer
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		err := encoder.Encode(value)
		return strings.TrimSuffix(out.String(), "\n"), err
	}
	return all
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: render CHART RELEASE [VALUES]")
		os.Exit(64)
	}
	chart := os.Args[1]
	values := read(filepath.Join(chart, "values.yaml"))
	if len(os.Args) > 3 {
		values = merge(values, read(os.Args[3]))
	}
	about := read(filepath.Join(chart, "Chart.yaml"))
	root := template.New("chart").Option("missingkey=error")
	root.Funcs(functions(root))
	names, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	fail(err)
	sort.Strings(names)
	for _, name := range names {
		text, err := os.ReadFile(name)
		fail(err)
		_, err = root.New(filepath.Base(name)).Parse(string(text))
		fail(err)
	}
	data := map[string]interface{}{
		"Values":  values,
		"Chart":   map[string]interface{}{"AppVersion": about["appVersion"], "Name": about["name"]},
		"Release": map[string]interface{}{"Name": os.Args[2]},
		"Files":   files{chart},
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".yaml") {
			fmt.Println("---")
			fail(root.ExecuteTemplate(os.Stdout, filepath.Base(name), data))
		}
	}
}

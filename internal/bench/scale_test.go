package main

import (
	"strings"
	"testing"
)

func TestScaleTable(t *testing.T) {
	t.Parallel()
	cost := Cost{CPU: 300, StoreCPU: 150, Scripts: 60, Commands: 1300, In: 400_000, Out: 200_000, Kept: 150_000}.since(
		Cost{CPU: 100, StoreCPU: 50, Scripts: 10, Commands: 300, In: 200_000, Out: 100_000, Kept: 50_000}, 100)
	var out strings.Builder
	err := writeScale(&out, []Scale{
		{Store: "redis", Instances: 1, WaitMS: 500, Answered: 128},
		{Store: "redis", Instances: 4, WaitMS: 500, Answered: 512},
		{Store: onCluster, Instances: 1, Answered: 2000, Cost: cost, Missing: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"| redis | 500 ms | 1 | 128 | 1.00 × | | | | | | |",
		"| redis | 500 ms | 4 | 512 | 4.00 × | | | | | | |",
		"| cluster | 0 ms | 1 | 2000 | 1.00 × | 2.000 | 1.000 | 0.50 | 10.0 | 2000 / 1000 | 1000 |",
		"1 instances on cluster: 0 answered twice, 3 not answered within the drain",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

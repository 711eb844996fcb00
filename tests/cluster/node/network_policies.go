package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/informers"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

// newNetworkPoliciesCommand is SIG Network's kube-network-policies: the kernel asks it about the first packet of every connection
// of a pod. Its own nftables rules take a kernel with NFT_QUEUE, so iptables rules in `boot` do the same. Where its own work too,
// they are about no pod, since none is on the node that it is told is its own.
func newNetworkPoliciesCommand() *cobra.Command {
	var kubeconfig string
	var queue int
	command := &cobra.Command{
		Use:  "kube-network-policies",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return enforceNetworkPolicies(command.Context(), kubeconfig, queue)
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "of whom asks the API server")
	command.Flags().IntVar(&queue, "queue", 0, "the number of the NFQUEUE that packets wait in")
	return command
}

func enforceNetworkPolicies(ctx context.Context, kubeconfig string, queue int) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	shared := informers.NewSharedInformerFactory(client, 0)
	controller, err := networkpolicy.NewController(
		client,
		shared.Networking().V1().NetworkPolicies(),
		shared.Core().V1().Namespaces(),
		leasedPods{shared.Core().V1().Pods()},
		nil, nil, nil, nil,
		networkpolicy.Config{QueueID: queue, NodeName: "none"},
	)
	if err != nil {
		return err
	}
	shared.Start(ctx.Done())
	return controller.Run(ctx)
}

// leasedPods finds a pod by its address as soon as it has one. The kubelet tells the API server a second later, and until then
// no policy would hold for the pod, and it would be nobody for those of others.
type leasedPods struct{ coreinformers.PodInformer }

func (pods leasedPods) Informer() cache.SharedIndexInformer {
	return leasedInformer{pods.PodInformer.Informer()}
}

type leasedInformer struct{ cache.SharedIndexInformer }

func (informer leasedInformer) GetIndexer() cache.Indexer {
	return leasedIndexer{informer.SharedIndexInformer.GetIndexer()}
}

type leasedIndexer struct{ cache.Indexer }

func (indexer leasedIndexer) ByIndex(index, address string) ([]any, error) {
	pods, err := indexer.Indexer.ByIndex(index, address)
	if err != nil || len(pods) > 0 {
		return pods, err
	}
	pod, known, err := indexer.GetByKey(leaseholder(address))
	if err != nil || !known {
		return nil, err
	}
	return []any{pod}, nil
}

// leaseholder is the pod that has an address, as namespace/name, or nobody. host-local notes the sandbox, and libcni for whom it
// was made, before any container of it starts.
func leaseholder(address string) string {
	lease, err := os.ReadFile("/var/lib/cni/networks/pods/" + address)
	if err != nil {
		return ""
	}
	sandbox, device, _ := strings.Cut(string(lease), "\r\n")
	note, err := os.ReadFile("/var/lib/cni/results/pods-" + sandbox + "-" + device)
	if err != nil {
		return ""
	}
	var made struct{ CNIArgs [][2]string }
	if err := json.Unmarshal(note, &made); err != nil {
		return ""
	}
	args := map[string]string{}
	for _, arg := range made.CNIArgs {
		args[arg[0]] = arg[1]
	}
	return args["K8S_POD_NAMESPACE"] + "/" + args["K8S_POD_NAME"]
}

// Package node is a kubelet without containers: pods bound to its nodes get an
// address of their own and an echo server on each container port, in this process.
package node

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

var nodeNames = []string{"node-a", "node-b", "node-c"}

type pod struct {
	ip      string
	servers []*http.Server
	leaving bool
}

type hollow struct {
	client kubernetes.Interface
	mu     sync.Mutex
	pods   map[types.UID]*pod
	next   int
	free   []string
}

// Run serves the cluster that KUBECONFIG names until it is stopped.
func Run() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		log.Fatal(err)
	}
	config.QPS, config.Burst = 1000, 2000
	h := &hollow{client: kubernetes.NewForConfigOrDie(config), pods: map[types.UID]*pod{}}
	ctx := context.Background()
	for i, name := range nodeNames {
		_, err := h.client.CoreV1().Nodes().Create(ctx, &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}},
		}, metav1.CreateOptions{})
		if err != nil {
			log.Print(err)
		}
		status := fmt.Sprintf(`{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Hollow","lastHeartbeatTime":%q}],"addresses":[{"type":"InternalIP","address":"10.99.255.%d"},{"type":"ExternalIP","address":"10.99.254.%d"}],"capacity":{"pods":"100000","cpu":"1000","memory":"1000Gi"},"allocatable":{"pods":"100000","cpu":"1000","memory":"1000Gi"}}}`, time.Now().UTC().Format(time.RFC3339), i+1, i+1)
		if _, err := h.client.CoreV1().Nodes().Patch(ctx, name, types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status"); err != nil {
			log.Print(err)
		}
	}
	factory := informers.NewSharedInformerFactory(h.client, 0)
	informer := factory.Core().V1().Pods().Informer()
	informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { h.sync(o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { h.sync(o.(*corev1.Pod)) },
		DeleteFunc: func(o any) {
			if p, ok := o.(*corev1.Pod); ok {
				h.stop(p.UID)
			}
		},
	})
	factory.Start(ctx.Done())
	log.Print("hollow nodes ready")
	select {}
}

func (h *hollow) address() string {
	if len(h.free) > 64 { // reuse addresses late, as real clusters do
		ip := h.free[0]
		h.free = h.free[1:]
		return ip
	}
	h.next++
	return fmt.Sprintf("10.99.%d.%d", h.next/250, h.next%250+1)
}

func (h *hollow) sync(p *corev1.Pod) {
	ctx := context.Background()
	if p.Spec.NodeName == "" {
		node := nodeNames[int(p.UID[0]+p.UID[1])%len(nodeNames)]
		err := h.client.CoreV1().Pods(p.Namespace).Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: p.Name, UID: p.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: node},
		}, metav1.CreateOptions{})
		if err != nil {
			log.Printf("bind %s/%s: %v", p.Namespace, p.Name, err)
		}
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	known := h.pods[p.UID]
	switch {
	case known == nil && p.DeletionTimestamp == nil && p.Status.Phase == corev1.PodPending:
		known = &pod{ip: h.address()}
		h.pods[p.UID] = known
		go h.start(p, known)
	case known == nil && p.DeletionTimestamp != nil:
		go h.remove(p)
	case known != nil && p.DeletionTimestamp != nil && !known.leaving:
		known.leaving = true
		go h.leave(p)
	}
}

func delay(p *corev1.Pod, key string) time.Duration {
	d, _ := time.ParseDuration(p.Annotations["echo/"+key])
	return d
}

// start listens, waits echo/start, then says Ready.
func (h *hollow) start(p *corev1.Pod, own *pod) {
	service := ""
	ingress := ""
	for _, c := range p.Spec.Containers {
		for _, e := range c.Env {
			switch e.Name {
			case "SERVICE_NAME":
				service = e.Value
			case "INGRESS_NAME":
				ingress = e.Value
			}
		}
	}
	handler := echo(p, service, ingress)
	for _, c := range p.Spec.Containers {
		for _, port := range c.Ports {
			listener, err := net.Listen("tcp", net.JoinHostPort(own.ip, strconv.Itoa(int(port.ContainerPort))))
			if err != nil {
				log.Printf("%s/%s: %v", p.Namespace, p.Name, err)
				continue
			}
			server := &http.Server{Handler: handler}
			h.mu.Lock()
			own.servers = append(own.servers, server)
			h.mu.Unlock()
			go server.Serve(listener)
		}
	}
	time.Sleep(delay(p, "start"))
	now := metav1.Now()
	yes := corev1.ConditionTrue
	status := corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: own.ip, PodIPs: []corev1.PodIP{{IP: own.ip}}, HostIP: "10.99.255.1", StartTime: &now,
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: yes, LastTransitionTime: now}, {Type: corev1.PodInitialized, Status: yes, LastTransitionTime: now},
			{Type: corev1.ContainersReady, Status: yes, LastTransitionTime: now}, {Type: corev1.PodReady, Status: yes, LastTransitionTime: now}},
	}
	for _, c := range p.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}})
	}
	patch, _ := json.Marshal(map[string]any{"metadata": map[string]any{"uid": p.UID}, "status": status})
	if _, err := h.client.CoreV1().Pods(p.Namespace).Patch(context.Background(), p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
		log.Printf("status %s/%s: %v", p.Namespace, p.Name, err)
	}
}

// leave goes on serving for echo/drain (3s if unset), then closes and removes the pod.
func (h *hollow) leave(p *corev1.Pod) {
	if _, set := p.Annotations["echo/drain"]; set {
		time.Sleep(delay(p, "drain"))
	} else if p.DeletionGracePeriodSeconds != nil && *p.DeletionGracePeriodSeconds > 0 {
		time.Sleep(3 * time.Second)
	}
	h.stop(p.UID)
	h.remove(p)
}

func (h *hollow) stop(uid types.UID) {
	h.mu.Lock()
	own := h.pods[uid]
	delete(h.pods, uid)
	if own != nil {
		h.free = append(h.free, own.ip)
	}
	h.mu.Unlock()
	if own != nil {
		for _, s := range own.servers {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			s.Shutdown(ctx)
			cancel()
			s.Close()
		}
	}
}

func (h *hollow) remove(p *corev1.Pod) {
	zero := int64(0)
	err := h.client.CoreV1().Pods(p.Namespace).Delete(context.Background(), p.Name, metav1.DeleteOptions{GracePeriodSeconds: &zero, Preconditions: &metav1.Preconditions{UID: &p.UID}})
	if err != nil {
		log.Printf("delete %s/%s: %v", p.Namespace, p.Name, err)
	}
}

func echo(p *corev1.Pod, service, ingress string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			fmt.Fprint(w, "OK")
			return
		}
		if s := r.URL.Query().Get("sleep"); s != "" {
			d, _ := time.ParseDuration(s)
			time.Sleep(d)
		}
		if r.URL.Path == "/pod" {
			w.Header().Set("X-Pod", p.Name)
			fmt.Fprint(w, p.Name)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Server", "echo")
		w.Header().Set("X-Pod", p.Name)
		json.NewEncoder(w).Encode(map[string]any{
			"path": r.RequestURI, "host": r.Host, "method": r.Method, "proto": r.Proto, "headers": r.Header,
			"namespace": p.Namespace, "ingress": ingress, "service": service, "pod": p.Name,
		})
	})
}
